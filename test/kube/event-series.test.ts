import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventSeries, type KubeEvent } from "../../src/kube/event-series.ts";
import { ManualClock } from "../support/clock.ts";

const minute = 60_000;
const hour = 60 * minute;
const occurrence = (more: Partial<KubeEvent> & { readonly uid?: string } = {}): KubeEvent => {
  const { uid = "uid-1", ...others } = more;
  const regarding = { apiVersion: "countersign.dev/v1alpha1", kind: "Store", name: "production", uid };
  return { regarding, type: "Warning", reason: "Timeout", action: "Check", note: "a.io did not answer", ...others };
};

function scene() {
  const clock = new ManualClock();
  const series = new EventSeries({ clock, random: () => 0.5 });
  const observe = (event: KubeEvent): string => {
    const observed = series.observe(event);
    return observed.outcome === "drop" ? "drop" : `${observed.outcome} ${observed.series.count}`;
  };
  return { clock, series, observe };
}

test("EventSeries.observe() makes one Event of what happens again, and has it counted once in five minutes", async () => {
  const { clock, observe } = scene();
  assert.equal(observe(occurrence()), "create 1");
  for (const count of [2, 3, 4]) {
    await clock.advance(minute);
    assert.equal(observe(occurrence()), `later ${count}`);
  }
  await clock.advance(2 * minute);
  assert.equal(observe(occurrence()), "count 5");
  await clock.advance(minute);
  assert.equal(observe(occurrence()), "later 6");
});

test("EventSeries.observe() makes another Event an hour after the last of a series: the server has forgotten it by then", async () => {
  const { clock, observe } = scene();
  observe(occurrence());
  await clock.advance(59 * minute);
  assert.equal(observe(occurrence()), "count 2");
  await clock.advance(hour);
  assert.equal(observe(occurrence()), "create 1");
});

for (const [name, other] of Object.entries({
  "another reason": occurrence({ reason: "TLSFailure" }),
  "another type": occurrence({ type: "Normal" }),
  "another action": occurrence({ action: "Resolve" }),
  "other words": occurrence({ note: "b.io did not answer" }),
  "an object of the same name that was created anew": occurrence({ uid: "uid-2" }),
})) {
  test(`EventSeries.observe() makes an Event of its own of ${name}`, () => {
    const { observe } = scene();
    observe(occurrence());
    assert.equal(observe(other), "create 1");
  });
}

test("EventSeries.observe() makes ten Events of one object at once, then one in five minutes, whatever another object does", async () => {
  const { clock, observe } = scene();
  const outcomes = Array.from({ length: 12 }, (_, index) => observe(occurrence({ note: `${index}` })));
  assert.deepEqual(outcomes, [...Array<string>(10).fill("create 1"), "drop", "drop"]);
  assert.equal(observe(occurrence({ uid: "uid-2" })), "create 1");
  await clock.advance(5 * minute);
  assert.deepEqual([observe(occurrence({ note: "new" })), observe(occurrence({ note: "newer" }))], ["create 1", "drop"]);
});

test("EventSeries gives names that an API server takes, however long or odd the object's is", () => {
  const { series } = scene();
  for (const name of ["production", "a".repeat(253), `${"a".repeat(219)}.b`, `${"a".repeat(218)}--b`]) {
    const observed = series.observe(occurrence({ regarding: { ...occurrence().regarding, name, uid: name } }));
    assert.ok(observed.outcome === "create");
    assert.match(observed.series.name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
    assert.ok(observed.series.name.length <= 253);
  }
});

test("EventSeries.observe() lets no object have more writes than ten and one in five minutes each, however it flaps", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ note: fc.integer({ min: 0, max: 5 }), waitMs: fc.integer({ min: 0, max: 20_000 }) })),
      async (steps) => {
        const { clock, observe } = scene();
        const began = clock.now();
        let writes = 0;
        for (const { note, waitMs } of steps) {
          await clock.advance(waitMs);
          const [outcome] = observe(occurrence({ note: `${note}` })).split(" ");
          if (outcome === "create" || outcome === "count") writes += 1;
        }
        const fiveMinutes = (clock.now() - began) / (5 * minute);
        assert.ok(writes <= 10 + fiveMinutes * 7, `${writes} writes`);
      },
    ),
    { numRuns: 50, interruptAfterTimeLimit: 3000 },
  );
});
