// Runs a program by Ruby as WebAssembly: WASM DIR PROGRAM. Standard error gets what
// the interpreter writes of an exception that nobody has rescued.
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";
import { RubyVM } from "@ruby/wasm-wasi";
const [, , wasm, dir, program] = process.argv;
const wasip1 = new WASI({ version: "preview1", preopens: { "/app": dir } });
const { vm } = await RubyVM.instantiateModule({ module: await WebAssembly.compile(readFileSync(wasm)), wasip1 });
vm.eval(`begin
  load "/app/${program}"
rescue Exception => e
  $stderr.print e.full_message(highlight: false, order: :top)
end`);
process.exit(1);
