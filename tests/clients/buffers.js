// Buffers of several MiB in threads that hand them on, and zlib: each thread prints a checksum of what it held.
"use strict";
const { Worker, isMainThread, parentPort, workerData } = require("worker_threads");
const { createHash } = require("crypto");
const zlib = require("zlib");
const { promisify } = require("util");

const MIB = 1 << 20;
const hash = (buffer) => createHash("sha256").update(buffer).digest("hex").slice(0, 16);

function made(bytes, seed) {
  const buffer = Buffer.alloc(bytes); // calloc
  if (buffer[0] !== 0 || buffer[bytes - 1] !== 0 || !buffer.subarray(0, 65536).equals(buffer.subarray(bytes - 65536)))
    throw new Error("a new buffer is not zero");
  const words = new Uint32Array(buffer.buffer, buffer.byteOffset, bytes >> 2);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i % 5000, seed);
  return buffer;
}

async function worked({ seed }) {
  const said = [];
  for (let round = 0; round < 4; round++) {
    const buffer = made((1 + ((seed + round) % 5)) * MIB, seed * 31 + round);
    const packed = await promisify(zlib.gzip)(buffer, { level: 1 });
    const again = await promisify(zlib.gunzip)(packed);
    if (!again.equals(buffer)) throw new Error("not the same after compression");
    const joined = Buffer.concat([buffer, again, Buffer.allocUnsafeSlow(3 * MIB).fill(seed)]);
    said.push(hash(joined), packed.length);
    const text = buffer.toString("base64");
    if (!Buffer.from(text, "base64").equals(buffer)) throw new Error("not the same after base64");
    if (round === 3) parentPort.postMessage({ buffer: joined.buffer }, [joined.buffer]);
  }
  parentPort.postMessage({ said });
}

async function run(seed) {
  return new Promise((resolve, reject) => {
    const got = [];
    const worker = new Worker(__filename, { workerData: { seed } });
    worker.on("message", ({ buffer, said }) => (buffer ? got.push(hash(Buffer.from(buffer))) : got.push(...said)));
    worker.on("error", reject);
    worker.on("exit", (code) => resolve(`worker ${seed}: ${got.join(" ")} exit ${code}`));
  });
}

async function main() {
  const threads = [1, 2, 3, 4, 5, 6].map(run);
  for (const thread of threads) console.log(await thread);
  const shared = new Uint8Array(new SharedArrayBuffer(6 * MIB)).fill(7);
  console.log(hash(shared), hash(structuredClone(made(5 * MIB, 99))));
}

if (isMainThread) main();
else worked(workerData);
