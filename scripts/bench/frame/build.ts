/** What is measured is what would be deployed: the compiled program, not its sources through a loader. */
import { spawn } from "node:child_process";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "..", "..", "..");

/** Compiles everything into `dist`. @returns the folder of the compiled benchmark. @throws Error when it does not compile. */
export async function build(): Promise<string> {
  await run("node_modules/typescript/bin/tsc", ["-p", "tsconfig.build.json"]);
  await run("scripts/copy-assets.mjs", []);
  return path.join(ROOT, "dist", "scripts", "bench");
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(ROOT, program), ...args], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} failed:\n${output}`));
    });
  });
}
