# Node runs the .ts files as they are: there is no build stage for the code, only one that installs what it imports.
FROM node:26-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

FROM node:26-slim
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json Corefile.example ./
COPY src src
COPY plugins plugins
COPY examples examples
# Code compiled once, for this user: the root is read-only later.
RUN install -d -o 65532 -g 65532 node_modules/.cache
# A number, so that runAsNonRoot can be checked without /etc/passwd.
USER 65532:65532
RUN node src/warm.ts
EXPOSE 53/udp 53/tcp 8080 8181 9153
ENTRYPOINT ["node", "/app/src/start.js"]
CMD ["-conf", "/etc/istio-coredns/Corefile"]
