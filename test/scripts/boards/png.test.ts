import { inflateSync } from "node:zlib";
import { expect } from "chai";
import { encodePng } from "../../../scripts/boards/png.ts";

describe("boards · PNG", () => {
  it("a picture of three colours · is a header, a palette, and rows without a filter", () => {
    const png = encodePng({
      width: 2,
      height: 2,
      palette: [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
      ],
      pixels: Buffer.from([0, 1, 2, 0]).toString("base64"),
    });
    expect(png.subarray(1, 4).toString()).to.equal("PNG");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).to.deep.equal([2, 2]);
    const chunks = chunksOf(png);
    expect([...chunks.keys()]).to.deep.equal(["IHDR", "PLTE", "IDAT", "IEND"]);
    expect([...chunks.get("PLTE")!]).to.deep.equal([255, 0, 0, 0, 255, 0, 0, 0, 255]);
    expect([...inflateSync(chunks.get("IDAT")!)]).to.deep.equal([0, 0, 1, 0, 2, 0]);
    // The check of an empty last chunk is the same in every PNG there is.
    expect(png.subarray(-4).toString("hex")).to.equal("ae426082");
  });
});

function chunksOf(png: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    chunks.set(png.toString("latin1", at + 4, at + 8), png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return chunks;
}
