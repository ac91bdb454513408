// Node.js clients against a server.  Prints nothing but their versions.
// Usage: node node.mjs PORT, beside a node_modules with redis and ioredis

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [port, folder] = [Number(process.argv[2]), process.argv[3]];
const require = createRequire(pathToFileURL(path.join(folder, "x.js")));
const { createClient } = require("redis");
const { Redis } = require("ioredis");

async function nodeRedis() {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  assert.equal(await client.set("mailbox:3", "hello"), "OK");
  assert.equal(await client.get("3"), "hello");
  assert.deepEqual(await client.mGet(["3", "2"]), ["hello", null]);
  const done = await client.multi().set("3", "a").append("3", "b").get("3")
    .exec();
  assert.deepEqual(done, ["OK", 2, "ab"]);
  const [version, value] = await client.sendCommand(["GETWITHETAG", "3"]);
  assert.equal(value, "ab");
  assert.deepEqual(
    await client.sendCommand(["SETIFMATCH", "3", "c", String(version)]),
    [version + 1, null],
  );
  const other = client.duplicate();
  await other.connect();
  await client.watch("3");
  await other.set("3", "theirs");
  await assert.rejects(client.multi().set("3", "mine").exec(), /watched keys/);
  assert.equal(await client.get("3"), "theirs");
  await assert.rejects(client.get("99999"), /no such mailbox/);
  assert.equal((await client.clientInfo()).totMem, 0);
  const found = [];
  for await (const keys of client.scanIterator()) found.push(...keys);
  assert.deepEqual(found, ["3"]);
  await other.close();
  await client.close();
}

async function ioRedis() {
  const client = new Redis(port, "127.0.0.1");
  assert.equal(await client.set("mailbox:3", "hello"), "OK");
  const pipeline = client.pipeline();
  for (let i = 0; i < 1000; i++) pipeline.set("4", i).get("4");
  const answers = await pipeline.exec();
  assert.equal(answers.length, 2000);
  assert.deepEqual(answers.at(-1), [null, "999"]);
  const done = await client.multi().set("3", "a").append("3", "b").get("3")
    .exec();
  assert.deepEqual(done.map((pair) => pair[1]), ["OK", 2, "ab"]);
  await client.watch("3");
  await client.set("3", "x");
  assert.equal(await client.multi().set("3", "mine").exec(), null);
  assert.deepEqual(await client.getBuffer("3"), Buffer.from("x"));
  assert.deepEqual(await client.keys("[34]"), ["3", "4"]);
  assert.match(await client.info("server"), /redis_version:/);
  await client.quit();
}

await nodeRedis();
await ioRedis();
console.log(
  `node-redis ${require("redis/package.json").version},`,
  `ioredis ${require("ioredis/package.json").version},`,
  `Node.js ${process.version}`,
);
