/** What the demo's registry holds. The ports stand in demo/manifests too. */
export const demoPort = 15051;
export const demoRepository = "demo/app";
/** Holds the signed image too; a Policy wants two people's signatures there, and it has one. */
export const demoPaymentsRepository = "demo/payments";
export const demoImages = {
  signed: { seed: "signed", tag: "signed" },
  unsigned: { seed: "unsigned", tag: "unsigned" },
} as const;
export const demoUser = { name: "demo", password: "open-sesame" } as const;
