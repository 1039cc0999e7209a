/** `create` and `list`: the accounts of operators and gate staff. */
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { type CreateAccountOutcome, createAccountAdministration } from "../../src/auth/index.ts";
import { parseOrExplain, RefusedError, UsageError } from "../cli.ts";
import type { Command, Tools } from "./command.ts";
import { askSecret } from "./prompt.ts";

const ROLES = ["operator", "gate"] as const;
type StaffRole = (typeof ROLES)[number];

const CREATE_USAGE = "--email EMAIL [--role operator|gate] [--name NAME] [--password PASSWORD]";

interface Creation {
  readonly email: string;
  readonly role: StaffRole;
  readonly name: string;
  readonly password: string | undefined;
}

export const accountCommands: readonly Command[] = [
  {
    name: "create",
    usage: CREATE_USAGE,
    summary:
      "make an account; without --password it is asked for in a terminal, and otherwise made and printed once",
    plan(args) {
      const creation = readCreation(args);
      return (tools) => create(creation, tools);
    },
  },
  {
    name: "list",
    usage: "",
    summary: "show the accounts of operators and gate staff",
    plan(args) {
      parseOrExplain("npm run operator -- list", () => parseArgs({ args, options: {} }));
      return list;
    },
  },
];

/** @throws UsageError */
function readCreation(args: string[]): Creation {
  const usage = `npm run operator -- create ${CREATE_USAGE}`;
  const text = { type: "string" } as const;
  const { values } = parseOrExplain(usage, () =>
    parseArgs({ args, options: { email: text, role: text, name: text, password: text } }),
  );
  const { email, role = "operator", name = "", password } = values;
  if (!email) throw new UsageError(`--email is needed. Usage: ${usage}`);
  if (!isStaffRole(role)) throw new UsageError(`--role must be operator or gate. Usage: ${usage}`);
  return { email, role, name: name || (role === "gate" ? "Gate" : "Operator"), password };
}

function isStaffRole(role: string): role is StaffRole {
  return (ROLES as readonly string[]).includes(role);
}

async function create(
  { email, role, name, password: given }: Creation,
  { db, config, say }: Tools,
): Promise<void> {
  const asked =
    given ?? (process.stdin.isTTY ? await askSecret("Password (empty: one is made for you): ") : "");
  const made = asked === "" && given === undefined ? randomBytes(15).toString("base64url") : null;
  const password = made ?? asked;
  const outcome = await createAccountAdministration(db, config).createAccount({
    email,
    password,
    name,
    role,
  });
  if (!outcome.ok) throw refusal(outcome, email);
  say(`${outcome.email} is now an account with the role ${role}.`);
  if (made) say(`Its password, shown only this once: ${made}`);
}

function refusal(outcome: Extract<CreateAccountOutcome, { ok: false }>, email: string): Error {
  if (outcome.reason === "VALIDATION_FAILED")
    return new UsageError(`The account can't be made: ${outcome.message}`);
  if (outcome.reason === "BUSY") return new RefusedError("Too many passwords are being hashed; try again.");
  return new RefusedError(
    `${email} already is an account with the role ${outcome.role}, and it was left as it is; use another email.`,
  );
}

async function list({ db, config, say }: Tools): Promise<void> {
  const staff = await createAccountAdministration(db, config).listStaff();
  if (staff.length === 0) say("There are none yet; `npm run operator -- create --email EMAIL` makes one.");
  const width = Math.max(0, ...staff.map(({ email }) => email.length));
  for (const { role, email, name, createdAt } of staff) {
    say(`${role.padEnd(8)}  ${email.padEnd(width)}  ${createdAt.toISOString()}  ${name}`);
  }
}
