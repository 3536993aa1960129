// Traces of Node.js, printed and not caught.
const fs = require('fs');
function load() { return fs.readFileSync('/nonexistent'); }
console.log('2026-03-05T10:11:12Z INFO started');
try { load(); } catch (e) { console.error(new Error('cannot load', { cause: e })); }
console.error('2026-03-05T10:11:13Z ERROR with a trace', new TypeError('of a type'));
console.log('2026-03-05T10:11:14Z INFO next');
if (process.argv[2] === 'string') throw 'a string';
if (process.argv[2] === 'reject') Promise.reject(new Error('rejected'));
else load();
