import { createSecretKey } from "node:crypto";
import { expect } from "chai";
import { v7 } from "uuid";
import { ticketCode, verifyTicketCode } from "../../src/reservations/index.ts";

describe("ticket codes", () => {
  const key = createSecretKey(Buffer.from("one key"));

  it("code · made and read · the ticket's id, in characters that QR codes and URLs like", () => {
    for (let round = 0; round < 100; round += 1) {
      const id = v7();
      const code = ticketCode(id, key);
      expect(code).to.match(/^FP1\.[A-Z2-7]{45}$/);
      expect(verifyTicketCode(code, key)).to.equal(id);
    }
  });

  it("code · typed in lower case, with blanks around · is read all the same", () => {
    const id = v7();
    expect(verifyTicketCode(` ${ticketCode(id, key).toLowerCase()}\n`, key)).to.equal(id);
  });

  it("code · any character changed · is refused", () => {
    const code = ticketCode(v7(), key);
    for (let at = 0; at < code.length; at += 1) {
      for (const other of ["A", "7", "!"]) {
        if (code[at] === other) continue;
        expect(
          verifyTicketCode(code.slice(0, at) + other + code.slice(at + 1), key),
          `${at} ${other}`,
        ).to.equal(null);
      }
    }
  });

  it("code · another key's, too short, too long, nonsense · is refused", () => {
    const code = ticketCode(v7(), key);
    expect(verifyTicketCode(code, createSecretKey(Buffer.from("another key")))).to.equal(null);
    for (const bad of [code.slice(0, -1), `${code}A`, "", "FP1.", `FP2.${code.slice(4)}`, v7()]) {
      expect(verifyTicketCode(bad, key), bad).to.equal(null);
    }
  });
});
