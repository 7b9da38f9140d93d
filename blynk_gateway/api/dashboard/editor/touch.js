// Fingers on the grid. gridstack turns touches into mouse events itself, but asks a touch for its
// target later on, and then gets what is outside of all shadow roots. Here the target is kept.

const HOLD_MS = 300; // A finger that stays drags; one that moves at once scrolls.
const SLACK_PX = 10; // Nobody holds perfectly still.

function send(type, target, { clientX, clientY, screenX, screenY }) {
  const place = { clientX, clientY, screenX, screenY };
  const usual = { bubbles: true, composed: true, cancelable: true, view: window, button: 0 };
  target.dispatchEvent(new MouseEvent(type, { ...usual, ...place, buttons: 1 }));
}

class Touch {
  #timer = null;
  #isHeld = false;

  constructor(item, event) {
    this.item = item;
    this.target = event.target;
    [this.first] = event.changedTouches;
    item.addEventListener('touchmove', this.#moved, { passive: false });
    item.addEventListener('touchend', this.#ended);
    item.addEventListener('touchcancel', this.#ended);
    item.addEventListener('contextmenu', this.#stopped);
    if (this.target.matches('.ui-resizable-handle')) this.#hold();
    else this.#timer = setTimeout(() => this.#hold(), HOLD_MS);
  }

  #hold() {
    this.#isHeld = true;
    send('mousedown', this.target, this.first);
    this.item.focus({ preventScroll: true }); // After: gridstack takes the focus away.
  }

  #moved = (event) => {
    const [touch] = event.changedTouches;
    if (this.#isHeld) {
      event.preventDefault(); // No scrolling.
      send('mousemove', document, touch);
      return;
    }
    const far = Math.hypot(touch.clientX - this.first.clientX, touch.clientY - this.first.clientY);
    if (far > SLACK_PX) this.#end();
  };

  #ended = (event) => {
    if (this.#isHeld) {
      event.preventDefault(); // No click after it.
      send('mouseup', document, event.changedTouches[0]);
    }
    this.#end();
  };

  #stopped = (event) => event.preventDefault();

  #end() {
    clearTimeout(this.#timer);
    this.item.removeEventListener('touchmove', this.#moved);
    this.item.removeEventListener('touchend', this.#ended);
    this.item.removeEventListener('touchcancel', this.#ended);
    this.item.removeEventListener('contextmenu', this.#stopped);
  }
}

/** Let an item of the grid be dragged and resized by one finger. */
export function followTouches(item) {
  // Captured: gridstack, further inside, does not hear of it.
  const begin = (event) => {
    event.stopPropagation();
    if (event.touches.length === 1) new Touch(item, event);
  };
  item.addEventListener('touchstart', begin, { capture: true, passive: true });
}
