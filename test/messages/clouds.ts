import { ClusterTokens } from "../../src/app/service-account-tokens.ts";
import { azureScene } from "../auth/azure/support.ts";
import { googleScene } from "../auth/google/support.ts";
import { clientOf } from "../kube/fixture.ts";
import { ManualClock } from "../support/clock.ts";
import { googleConfigs, googleTokenService } from "../support/cloud/google.ts";
import { FakeKubeApi } from "../support/kube-api.ts";
import type { Fault } from "../support/kube-wire.ts";
import { unavailable } from "./credentials.ts";
import type { Situation, Situations } from "./situation.ts";

const never = new AbortController().signal;

/** What the API server says to who wants a token of a ServiceAccount. */
const token = (when: string, fault: Fault, audience = "sts.amazonaws.com"): Situation => ({
  when,
  says: async () => {
    await using api = await FakeKubeApi.start({ resources: [] });
    api.fail("other", fault, fault);
    const clock = new ManualClock();
    const client = await clientOf(api, { clock });
    const ended = new AbortController();
    try {
      const tokens = new ClusterTokens({ client, namespace: "countersign-system", clock });
      const said = unavailable(tokens.mint({ name: "reader", audience, expirationSeconds: 600 }, never)).finally(() => ended.abort());
      while (!ended.signal.aborted) await clock.advance(1000);
      return await said;
    } finally {
      client.close();
    }
  },
});

const google = (when: string, status: number): Situation => ({
  when,
  says: async () => {
    await using scene = await googleScene(googleConfigs.federated, { sites: { [googleTokenService]: () => ({ status, body: {} }) } });
    return await scene.ask();
  },
});

const azure = (when: string, options: Parameters<typeof azureScene>[0]): Situation => ({
  when,
  says: async () => {
    await using scene = await azureScene(options);
    return (await scene.outcome()).join(": ");
  },
});

/** One of each reason: what clouds say besides is in the tests of each. */
export const clouds: Situations = [
  token("the operator may have no token of a ServiceAccount", { status: 403 }),
  token("there is no such ServiceAccount", { status: 404 }),
  token("the API server wants a request for a token in another way", { status: 422 }),
  token("the API server gives something that is no token", { bytes: "<html>" }),
  token("the API server has trouble while a token is asked for", { status: 500 }),
  token("a token would be good at the API server itself", { status: 500 }, "https://kubernetes.default.svc"),
  token("a token would have no audience", { status: 500 }, ""),
  google("an identity service of a cloud refuses", 403),
  google("an identity service of a cloud fails", 500),
  google("an identity service of a cloud is asked too often", 429),
  {
    when: "a cloud is asked outside of a cluster",
    says: async () => {
      await using scene = await googleScene(googleConfigs.federated, { tokens: null });
      return await scene.ask();
    },
  },
  azure("a registry of a cloud takes no credential of an identity", {
    sites: { "acmeregistry.azurecr.io": () => ({ status: 403, body: {} }) },
  }),
];
