// What the gateway found wrong with a dashboard, and where: `pages[0].widgets[3].min: found …`.

const PLACE =
  /^(?:body\.)?pages\[(\d+)\](?:\.widgets\[(\d+)\])?(?:\.(\w+)[^:]*)?\s*:\s*(.*)$/s;

/**
 * @param {string} message  one fault a line
 * @param {object} document  with keys; see draft.js
 * @returns {{text: string, page: string | null, widget: string | null, field: string | null}[]}
 */
export function parseFaults(message, document) {
  return message
    .split('\n')
    .filter((line) => line.trim())
    .map((line) => {
      const [, pageIndex, widgetIndex, field, text] = PLACE.exec(line) ?? [];
      const page = document.pages[pageIndex] ?? null;
      const widget = page?.widgets[widgetIndex] ?? null;
      return {
        text: widget && text ? text : line,
        page: page?.key ?? null,
        widget: widget?.key ?? null,
        field: widget ? (field ?? null) : null,
      };
    });
}
