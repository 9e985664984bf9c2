# Stage 1 bundles with what the lockfile pins; stage 2 has Node.js and the bundle: no shell, no package manager, no root.
FROM node:26-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN ["npm", "ci"]
COPY tsconfig.json ./
COPY scripts/ scripts/
COPY src/ src/
RUN ["node", "scripts/bundle.ts"]

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /src/dist/ /app/
USER 65532:65532
ENV NODE_ENV=production
# 60 % of the Deployment's memory limit, so that the heap is shed before the kernel ends the process; and small young generations: 10,000 images with five
# artifacts each then take half of the memory (docs/benchmarks.md).
ENTRYPOINT ["/usr/local/bin/node", "--max-old-space-size=300", "--max-semi-space-size=4", "/app/main.mjs"]
CMD ["serve"]
