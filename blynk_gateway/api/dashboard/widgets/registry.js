// Every widget: type, as in a dashboard, and module. A module defines the element `bg-TYPE`.

const load = (name) => () => import(`./${name}.js`);

/** @type {Record<string, () => Promise<unknown>>} */
export const WIDGETS = {
  // What a person moves.
  button: load('button'),
  switch: load('switch'),
  slider: load('slider'),
  step: load('step'),
  number_input: load('number_input'),
  text_input: load('text_input'),
  menu: load('menu'),
  segmented: load('segmented'),
  joystick: load('joystick'),
  rgb: load('rgb'),
  time_input: load('time_input'),
  scene: load('scene'),
  // What shows something.
  value: load('value'),
  labeled_value: load('labeled_value'),
  led: load('led'),
  gauge: load('gauge'),
  level: load('level'),
  lcd: load('lcd'),
  terminal: load('terminal'),
  table: load('table'),
  map: load('map'),
  image: load('image'),
  video: load('video'),
  chart: () => {
    // Its largest part, which the browser would find last.
    import('../vendor/uplot.js').catch(() => {});
    return import('./chart.js');
  },
  device: load('device'),
  events: load('events'),
  header: load('header'),
};

/** The element's name of a widget type. */
export const tagOf = (type) => `bg-${type.replaceAll('_', '-')}`;
