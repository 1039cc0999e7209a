/** `npm run operator -- <command>`: what the people who run the service do from a terminal. */
import { loadConfig } from "../src/config.ts";
import { openDatabase } from "../src/platform/postgres.ts";
import { runCli, UsageError } from "./cli.ts";
import { accountCommands } from "./operator/accounts.ts";
import type { Command } from "./operator/command.ts";
import { withLocalEnvironment } from "./start/local-environment.ts";

const COMMANDS: readonly Command[] = [...accountCommands];

await runCli(() => main(process.argv.slice(2), withLocalEnvironment(process.env)));

async function main([name, ...args]: string[], environment: NodeJS.ProcessEnv): Promise<void> {
  if (name === "help" || name === "--help" || name === "-h") {
    console.log(help());
    return;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (!command) {
    const what = name === undefined ? "Say which command to run." : `There is no command "${name}".`;
    throw new UsageError(`${what}\n\n${help()}`);
  }
  const work = command.plan(args);
  const config = loadConfig(environment);
  const db = openDatabase(config.databaseUrl, 2, "fastpass-operator");
  try {
    await work({ config, db, say: (line) => console.log(line) });
  } finally {
    await db.destroy();
  }
}

function help(): string {
  const lines = COMMANDS.map(
    ({ name, usage, summary }) => `  ${`${name} ${usage}`.trim()}\n      ${summary}`,
  );
  return [
    "Usage: npm run operator -- <command>",
    "",
    ...lines,
    "  help",
    "      show this",
    "",
    "DATABASE_URL and REDIS_URL say which service is meant.",
  ].join("\n");
}
