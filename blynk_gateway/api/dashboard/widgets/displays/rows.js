// The rows of a table, as a device fills them and people select and order them.

const MAX_ROWS = 100; // As the legacy server keeps.

export class Rows {
  /** @type {{id: string, name: string, value: string, isSelected: boolean}[]} */
  rows = [];
  /** @type {string | null} id of the row that the device points to */
  picked = null;

  /** Take a value of the pin; what is no command of a table changes nothing. */
  take([command, ...rest]) {
    const [id] = rest;
    switch (command) {
      case 'clr':
        this.rows = [];
        this.picked = null;
        break;
      case 'add':
      case 'update':
        this.#put(command, rest);
        break;
      case 'pick':
        this.picked = id ?? null;
        break;
      case 'select':
      case 'deselect':
        this.#change(id, { isSelected: command === 'select' });
        break;
      case 'order':
        this.#move(Number(rest[0]), Number(rest[1]));
        break;
      default:
    }
  }

  #put(command, [id, name = '', value = '']) {
    if (id === undefined) return;
    if (this.rows.some((row) => row.id === id)) this.#change(id, { name, value });
    else if (command === 'add') {
      this.rows = [...this.rows, { id, name, value, isSelected: true }].slice(-MAX_ROWS);
    }
  }

  #change(id, changes) {
    this.rows = this.rows.map((row) => (row.id === id ? { ...row, ...changes } : row));
  }

  // `from` and `to` are places, counted from 0.
  #move(from, to) {
    if (!(from in this.rows) || !(to in this.rows)) return;
    const rows = [...this.rows];
    rows.splice(to, 0, ...rows.splice(from, 1));
    this.rows = rows;
  }
}
