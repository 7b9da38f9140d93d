// Zoom and pan of a chart: wheel, fingers, shift and drag, keys.

const WHEEL_STEP = 1.25;
const KEY_STEP = 0.2; // Of what is shown.
const FINGER_SLOP_PX = 8;

/**
 * Have an element's gestures move the view of a chart.
 *
 * @param {HTMLElement} place
 * @param {{area: () => DOMRect, zoom: (factor: number, at: number) => void,
 *   pan: (part: number) => void, back: () => void}} chart  `at` and `part` are parts of the width
 * @returns {{pressed: (event: MouseEvent) => boolean}}
 */
export function bindGestures(place, chart) {
  const partOf = (x) => {
    const { left, width } = chart.area();
    return Math.min(Math.max((x - left) / width, 0), 1);
  };

  place.addEventListener('wheel', (event) => {
    // Else a page with charts could not be scrolled: the wheel zooms one that was clicked, or with
    // the control key, which is also what two fingers on a touch pad are told as.
    if (!event.ctrlKey && !place.matches(':focus-within')) return;
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      chart.pan(event.deltaX / chart.area().width);
    } else {
      chart.zoom(WHEEL_STEP ** Math.sign(event.deltaY), partOf(event.clientX));
    }
  }, { passive: false });

  place.addEventListener('keydown', (event) => {
    const actions = {
      ArrowLeft: () => chart.pan(-KEY_STEP),
      ArrowRight: () => chart.pan(KEY_STEP),
      '+': () => chart.zoom(1 / WHEEL_STEP, 0.5),
      '-': () => chart.zoom(WHEEL_STEP, 0.5),
      Escape: () => chart.back(),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });

  const fingers = new Map();
  let isMoving = false;
  place.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'touch') return;
    fingers.set(event.pointerId, event.clientX);
    isMoving = fingers.size > 1;
  });
  place.addEventListener('pointermove', (event) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    if (!isMoving && Math.abs(event.clientX - before) < FINGER_SLOP_PX) return;
    isMoving = true;
    const others = [...fingers].filter(([id]) => id !== event.pointerId);
    fingers.set(event.pointerId, event.clientX);
    if (!others.length) {
      chart.pan((before - event.clientX) / chart.area().width);
      return;
    }
    const [[, other]] = others;
    const distance = Math.max(Math.abs(event.clientX - other), 1);
    const factor = Math.max(Math.abs(before - other), 1) / distance;
    chart.zoom(factor, partOf((event.clientX + other) / 2));
  });
  for (const name of ['pointerup', 'pointercancel', 'pointerleave']) {
    place.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }

  return {
    /** Begin to pan if the shift key is held; whether it did. */
    pressed(event) {
      place.focus({ preventScroll: true });
      if (!event.shiftKey || event.button !== 0) return false;
      event.preventDefault();
      let x = event.clientX;
      const moved = (move) => {
        chart.pan((x - move.clientX) / chart.area().width);
        x = move.clientX;
      };
      window.addEventListener('mousemove', moved);
      window.addEventListener('mouseup', () => window.removeEventListener('mousemove', moved), {
        once: true,
      });
      return true;
    },
  };
}
