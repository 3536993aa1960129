// Traces of Node.js with several errors in one, and causes that go round in circles.
async function main() {
  try {
    await Promise.any([Promise.reject(new Error('one')), Promise.reject(new TypeError('two', { cause: 'a string' }))]);
  } catch (e) {
    console.error(e);
    console.error('2026-03-05T10:11:12Z ERROR nothing worked:', e);
  }
  const inner = new Error('inner');
  inner.code = 'E_INNER';
  const outer = new Error('outer', { cause: inner });
  inner.cause = outer;
  console.error('failed:', outer);
  console.log('between');
  throw new AggregateError([new Error('x'), 'y'], 'several');
}
main();
