// A text that was made here, saved as a file.

const KEPT_MS = 10_000; // Until the browser has certainly begun to save it.

/** Save `text` as a file called `name`. */
export function download(name, text, type = 'text/plain') {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
