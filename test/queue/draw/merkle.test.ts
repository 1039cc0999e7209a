/** The tree against the verifier's own, and every proof against the root. */
import { expect } from "chai";
import { leafHash, PART_SIZE, pathOf, rootOf } from "../../../src/queue/draw/merkle.ts";
import { verifyProof } from "../../../src/web/draw-check/verify.ts";
import { createRandom } from "../simulation/random.ts";

const random = createRandom(5);
const tickets = Array.from({ length: 3 * PART_SIZE + 5 }, () => random.uuid()).sort();

/** As the list is kept: in parts whose roots make the upper tree. */
function proofOf(size: number, leaf: number) {
  const hashes = tickets.slice(0, size).map(leafHash);
  const parts = Array.from({ length: Math.ceil(size / PART_SIZE) }, (_, part) =>
    hashes.slice(part * PART_SIZE, (part + 1) * PART_SIZE),
  );
  const part = Math.floor(leaf / PART_SIZE);
  const path = [...pathOf(parts[part] ?? [], leaf % PART_SIZE), ...pathOf(parts.map(rootOf), part)];
  const root = rootOf(parts.map(rootOf)).toString("hex");
  const hex = path.map((hash) => hash.toString("hex"));
  return { ticketId: tickets[leaf] as string, root, entries: size, leaf, path: hex };
}

describe("the Merkle tree of a draw", () => {
  it("rootOf · the examples of the Certificate Transparency tests · the roots that are known", () => {
    // Leaves of certificate-transparency-go's reference tree: "", 00, 10, 2021.
    const hash = (hex: string) => leafHash(Buffer.from(hex, "hex").toString("latin1"));
    const roots = [[], [""], ["", "00"], ["", "00", "10"], ["", "00", "10", "2021"]].map((leaves) =>
      rootOf(leaves.map(hash)).toString("hex"),
    );
    expect(roots).to.deep.equal([
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]);
  });

  it("rootOf · in parts of 1,024 · is the root of the whole", () => {
    for (const size of [1, PART_SIZE - 1, PART_SIZE, PART_SIZE + 1, 2 * PART_SIZE + 1, 3 * PART_SIZE + 5])
      expect(proofOf(size, 0).root).to.equal(rootOf(tickets.slice(0, size).map(leafHash)).toString("hex"));
  });

  it("verifyProof · every leaf of small lists and some of large ones · leads to the root", async () => {
    for (let size = 1; size <= 17; size += 1)
      for (let leaf = 0; leaf < size; leaf += 1) {
        const proof = proofOf(size, leaf);
        expect(await verifyProof(proof, proof), `${leaf} of ${size}`).to.deep.equal([]);
      }
    for (const leaf of [0, PART_SIZE - 1, PART_SIZE, 2 * PART_SIZE + 7, 3 * PART_SIZE + 4]) {
      const proof = proofOf(tickets.length, leaf);
      expect(await verifyProof(proof, proof), `${leaf}`).to.deep.equal([]);
    }
  }).timeout(20_000);

  it("verifyProof · one thing in it changed · is refused", async () => {
    const proof = proofOf(11, 6);
    const [first = "", ...rest] = proof.path;
    const other = `${first[0] === "0" ? "1" : "0"}${first.slice(1)}`;
    for (const change of [
      { ticketId: tickets[7] as string },
      { leaf: 7 },
      { leaf: 11 },
      { entries: 10, leaf: 2 },
      { path: [other, ...rest] },
      { path: rest },
      { path: [...proof.path, first] },
      { path: ["zz"] },
      { root: other },
    ]) {
      const [finding, ...more] = await verifyProof(proof, { ...proof, ...change });
      expect([finding?.part, more], JSON.stringify(change)).to.deep.equal(["proof", []]);
    }
  });
});
