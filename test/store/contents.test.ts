import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Contents } from "../../src/store/registry/contents.ts";
import { startRegistry } from "../support/registry.ts";
import { collect, descriptor, image, never, registryScene, tls } from "./fixture.ts";

const bytes = Buffer.from("content");

describe("Contents", () => {
  it("shows each Store what it has put there itself, and nothing of its former self", () => {
    const contents = new Contents();
    const [own, other, renewed] = [contents.open(undefined), contents.open("team-a"), contents.open(undefined)];
    own.set("k", bytes);
    assert.deepEqual([own.get("k"), other.get("k"), renewed.get("k")], [bytes, undefined, undefined]);
  });

  it("is bounded for all Stores together, and a namespace that fills it pushes out its own", () => {
    const contents = new Contents();
    const kept = contents.open(undefined);
    kept.set("k", bytes);
    const evil = Array.from({ length: 100 }, () => contents.open("evil"));
    const big = Buffer.alloc(500_000);
    for (const shelf of evil) shelf.set("k", big);
    assert.deepEqual(kept.get("k"), bytes);
    const held = evil.filter((shelf) => shelf.get("k") !== undefined).length;
    assert.ok(held > 20 && held < 34, String(held));
  });

  it("does not let one Store read by what another was shown", async () => {
    await using registry = await startRegistry({ tls });
    const subject = registry.pushImage("app", { tag: "1" });
    registry.pushImage("app", { tag: subject.digest.replace(":", "-") + ".sig", seed: "signature" });
    const contents = new Contents();
    await using first = registryScene({ scopes: [registry.host], contents });
    await using second = registryScene({ scopes: [registry.host], contents });
    const where = image(`${registry.host}/app`);
    const [signature] = await collect(first.store.listTagged(where, descriptor(subject), never));
    assert.ok(signature !== undefined);
    const before = registry.requests.length;
    await first.store.fetch(where, signature, never);
    assert.equal(registry.requests.length, before);
    await second.store.fetch(where, signature, never);
    assert.equal(registry.requests.length, before + 1);
  });
});
