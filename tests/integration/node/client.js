// Drives npm blynk-library 0.5.4: commands from standard input, events to standard output.
// See ../drivers/driver.py for their form.
'use strict';

const readline = require('readline');
const Blynk = require('blynk-library');

const [host, port, token] = process.argv.slice(2);
const tell = (...event) => console.log('@ ' + JSON.stringify(event));

const blynk = new Blynk.Blynk(token, {
  connector: new Blynk.TcpClient({ addr: host, port: Number(port) }),
});
for (let pin = 0; pin < 32; pin += 1) {
  new blynk.VirtualPin(pin).on('write', (value) => tell('write', pin, ...value));
}
blynk.on('connect', () => tell('connected'));
blynk.on('error', (error) => tell('error', String(error)));

readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [action, ...rest] = JSON.parse(line);
    if (action === 'write') {
      blynk.virtualWrite(rest[0], rest.slice(1));
    } else {
      rest.forEach((pin) => blynk.syncVirtual(pin));
    }
  })
  .on('close', () => process.exit(0));
