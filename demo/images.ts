/** What the demo's registry holds. The ports stand in demo/manifests too. */
export const demoPort = 15051;
export const demoRepository = "demo/app";
export const demoImages = {
  signed: { seed: "signed", tag: "signed" },
  unsigned: { seed: "unsigned", tag: "unsigned" },
} as const;
export const demoUser = { name: "demo", password: "open-sesame" } as const;
