import assert from "node:assert/strict";
import { test } from "node:test";
import type { Condition } from "../../src/api/condition.ts";
import type { ObjectEvent } from "../../src/operator/ports.ts";
import { statusEvent } from "../../src/operator/status-event.ts";
import { inline } from "../snapshot/fixture.ts";
import { ManualClock } from "../support/clock.ts";
import { Life, ModelServer } from "./model-server.ts";

const meta = { name: "acr", uid: "uid-1", generation: 1, resourceVersion: "7", creationTime: 0 };
const object = { resourceKind: "AuthProvider", kind: "AuthProvider", meta } as const;
const ready = (text: string, message = "m"): { readonly conditions: readonly Condition[] } => {
  const [status = "", reason = ""] = text.split("/");
  const accepted = { type: "Accepted", status: "True", reason: "Valid", message: "", lastTransitionTime: "t" } as const;
  return {
    conditions: [accepted, { type: "Ready", status: status as "True", reason, message, observedGeneration: 1, lastTransitionTime: "t" }],
  };
};

for (const [before, after, event] of [
  [undefined, "True/Succeeded", "Normal Succeeded"],
  [undefined, "False/RefNotFound", "Warning RefNotFound"],
  [undefined, "Unknown/Progressing", undefined],
  ["True/Succeeded", "True/Succeeded", undefined],
  ["True/Succeeded", "False/IdentityRefused", "Warning IdentityRefused"],
  ["False/IdentityRefused", "False/IdentityRefused", undefined],
  ["False/IdentityUnreachable", "False/IdentityRefused", "Warning IdentityRefused"],
  ["False/IdentityRefused", "True/Succeeded", "Normal Succeeded"],
  ["True/NotRequested", "True/Succeeded", "Normal Succeeded"],
  [undefined, "True/NotRequested", undefined],
  ["False/RefNotFound", "True/NotRequested", undefined],
  ["True/Succeeded", "Unknown/Progressing", undefined],
  ["True/Succeeded", "True/ExceptionExpiring", "Warning ExceptionExpiring"],
] as const) {
  test(`statusEvent() of Ready from ${before ?? "nothing"} to ${after} is ${event ?? "none"}`, () => {
    const told = statusEvent(object, before === undefined ? undefined : ready(before), ready(after, "other words"));
    assert.equal(told === undefined ? undefined : `${told.type} ${told.reason}`, event);
  });
}

test("statusEvent() is of the object that was judged, in the words of its condition", () => {
  assert.deepEqual(statusEvent(object, undefined, ready("False/IdentityRefused", "no such client")), {
    kind: "AuthProvider",
    name: "acr",
    uid: "uid-1",
    type: "Warning",
    reason: "IdentityRefused",
    action: "Resolve",
    note: "no such client",
  } satisfies ObjectEvent);
  const twin = { ...object, resourceKind: "NamespacedAuthProvider", meta: { ...meta, namespace: "team-a" } } as const;
  const { kind, namespace } = statusEvent(twin, undefined, ready("True/Succeeded")) ?? {};
  assert.deepEqual([kind, namespace], ["NamespacedAuthProvider", "team-a"]);
});

test("StatusWriter tells of a change of Ready once it is written, and of nothing else: no probe, no restart, no other words", async () => {
  const [server, clock] = [new ModelServer(), new ManualClock()];
  const told: string[] = [];
  const events = { record: ({ kind, name, reason }: ObjectEvent) => void told.push(`${kind}/${name} ${reason}`) };
  const first = new Life(server, clock, events);
  server.put("KeyProvider", "a", inline);
  server.failures = 1;
  await first.catchUp();
  assert.deepEqual(told, [], "it is not written yet");
  await clock.advance(60_000);
  assert.deepEqual(told, ["KeyProvider/a NoTrustedKeys"]);
  await first.catchUp();
  first.writer.enqueue(["KeyProvider/a"]);
  await clock.advance(3_600_000);
  await first.stop();
  const second = new Life(server, clock, events);
  await second.catchUp();
  await second.catchUp();
  await clock.advance(3_600_000);
  assert.equal(told.length, 1);
  server.put("KeyProvider", "a", { type: "nonsense" });
  await second.catchUp();
  await clock.advance(60_000);
  await second.stop();
  assert.deepEqual(told, ["KeyProvider/a NoTrustedKeys", "KeyProvider/a UnsupportedType"]);
});
