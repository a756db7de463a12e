// The gRPC interop client and server on grpc-js: `peer.js server` or `peer.js client`, with the flags of the standard programs.
// The server prints its port and ends when its input does. The client takes several cases, separated by commas, and prints a line for each.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

const flags = Object.fromEntries(process.argv.slice(3).map((given) => given.replace(/^--/, '').split(/=(.*)/s)));

// The packages stand in a folder of their own, --modules.
const load = createRequire(path.resolve(flags.modules, 'package.json'));
const grpc = load('@grpc/grpc-js');
const loader = load('@grpc/proto-loader');

const INITIAL_KEY = 'x-grpc-test-echo-initial';
const TRAILING_KEY = 'x-grpc-test-echo-trailing-bin';
const REQUEST_SIZES = [27182, 8, 1828, 45904];
const RESPONSE_SIZES = [31415, 9, 2653, 58979];
const SPECIAL = '\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \u{1f608}\t\n';
// Milliseconds for a call, and calls of the soak and concurrency cases.
const TIMEOUT = 20000;
const REPEATED = 10;
const CONCURRENT = 50;

const definition = loader.loadSync(path.join(__dirname, '..', 'interop.proto'), { keepCase: true, defaults: true });
const { TestService, UnimplementedService } = grpc.loadPackageDefinition(definition).grpc.testing;

const payload = (size) => ({ type: 0, body: Buffer.alloc(size) });
const sum = (sizes) => sizes.reduce((total, size) => total + size, 0);

// The server.

function wanted(status) {
  return status && status.code ? { code: status.code, details: status.message } : null;
}

function echo(call) {
  const [initial] = call.metadata.get(INITIAL_KEY);
  const [trailing] = call.metadata.get(TRAILING_KEY);
  const trailers = new grpc.Metadata();
  if (initial !== undefined) {
    const headers = new grpc.Metadata();
    headers.set(INITIAL_KEY, initial);
    call.sendMetadata(headers);
  }
  if (trailing !== undefined) trailers.set(TRAILING_KEY, trailing);
  return trailers;
}

// Writes what a request asks for; true where that ended the call.
async function respond(call, request) {
  for (const { size, interval_us: interval } of request.response_parameters) {
    if (interval) await new Promise((resume) => setTimeout(resume, interval / 1000));
    call.write({ payload: payload(size) });
  }
  const error = wanted(request.response_status);
  if (error) call.emit('error', error);
  return Boolean(error);
}

const service = {
  EmptyCall: (call, callback) => callback(null, {}),
  UnaryCall(call, callback) {
    const trailers = echo(call);
    const answer = {
      payload: payload(call.request.response_size),
      server_id: call.request.fill_server_id ? String(process.pid) : '',
    };
    callback(wanted(call.request.response_status), answer, trailers);
  },
  async StreamingOutputCall(call) {
    const trailers = echo(call);
    if (!(await respond(call, call.request))) call.end(trailers);
  },
  StreamingInputCall(call, callback) {
    let size = 0;
    call.on('data', (request) => { size += request.payload.body.length; });
    call.on('end', () => callback(null, { aggregated_payload_size: size }));
  },
  // One request after the other. An asynchronous iterator would destroy the call at its end, before the trailers.
  FullDuplexCall(call) {
    const trailers = echo(call);
    let turn = Promise.resolve(false);
    call.on('data', (request) => { turn = turn.then((ended) => ended || respond(call, request)); });
    call.on('end', () => turn.then((ended) => { if (!ended) call.end(trailers); }));
  },
};

function serve() {
  const server = new grpc.Server();
  // A method without a handler is answered with UNIMPLEMENTED.
  server.addService(TestService.service, service);
  const credentials = flags.use_tls === 'true'
    ? grpc.ServerCredentials.createSsl(null, [{ private_key: fs.readFileSync(flags.tls_key_file), cert_chain: fs.readFileSync(flags.tls_cert_file) }])
    : grpc.ServerCredentials.createInsecure();
  server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
    if (error) throw error;
    console.log(port);
  });
  process.stdin.resume().on('end', () => process.exit(0));
}

// The client.

function connect(options = {}) {
  const target = `${flags.server_host}:${flags.server_port}`;
  if (flags.use_tls !== 'true') return new TestService(target, grpc.credentials.createInsecure(), options);
  const credentials = grpc.credentials.createSsl(fs.readFileSync(flags.ca_file));
  return new TestService(target, credentials, { 'grpc.ssl_target_name_override': flags.server_host_override, ...options });
}

const limit = () => ({ deadline: Date.now() + TIMEOUT });

// A call with one response: what came, or the error thrown.
function single(client, method, request, { metadata = new grpc.Metadata(), requests } = {}) {
  const seen = {};
  return new Promise((resolve, reject) => {
    const given = requests ? [] : [request];
    const call = client[method](...given, metadata, limit(), (error, response) => {
      seen.response = response;
      if (error) reject(error);
    });
    call.on('metadata', (headers) => { seen.headers = headers; });
    call.on('status', (status) => {
      seen.trailers = status.metadata;
      if (status.code === 0) resolve(seen);
    });
    for (const each of requests || []) call.write(each);
    if (requests) call.end();
  });
}

// Waits for a stream's next response; null at its end.
function reader(call) {
  const iterator = call[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await iterator.next();
    return done ? null : value;
  };
}

async function refused(answer, code, details) {
  try {
    await answer;
  } catch (error) {
    assert.equal(error.code, code, error.message);
    if (details !== undefined) assert.equal(error.details, details);
    return;
  }
  assert.fail(`the call succeeded; ${code} was expected`);
}

const largeRequest = (more) => ({ response_size: 314159, payload: payload(271828), ...more });

async function large(client, request = largeRequest()) {
  const { response } = await single(client, 'UnaryCall', request);
  assert.ok(response.payload.body.equals(Buffer.alloc(314159)));
}

const compressing = () => connect({ 'grpc.default_compression_algorithm': 2 });

async function clientStreaming(client, sizes, expect) {
  const requests = sizes.map((size) => ({ payload: payload(size), expect_compressed: expect }));
  const { response } = await single(client, 'StreamingInputCall', null, { requests });
  assert.equal(response.aggregated_payload_size, sum(sizes));
}

async function serverStreaming(client, more) {
  const parameters = RESPONSE_SIZES.map((size) => ({ size, ...more }));
  const sizes = [];
  for await (const response of client.StreamingOutputCall({ response_parameters: parameters }, limit())) {
    sizes.push(response.payload.body.length);
  }
  assert.deepEqual(sizes, RESPONSE_SIZES);
}

const outputRequest = (responseSize, requestSize, more) => ({
  response_parameters: [{ size: responseSize, ...more }],
  payload: payload(requestSize),
});

async function statuses(client, message) {
  const status = { code: 2, message };
  await refused(single(client, 'UnaryCall', { response_status: status }), 2, message);
  const call = client.FullDuplexCall(limit());
  call.write({ response_status: status });
  call.end();
  await refused(reader(call)(), 2, message);
}

const cases = {
  empty_unary: async (client) => { await single(client, 'EmptyCall', {}); },
  large_unary: large,
  async client_compressed_unary(client) {
    const packing = compressing();
    await large(packing, largeRequest({ expect_compressed: { value: true } }));
    packing.close();
    await large(client, largeRequest({ expect_compressed: { value: false } }));
  },
  async server_compressed_unary(client) {
    for (const value of [true, false]) await large(client, largeRequest({ response_compressed: { value } }));
  },
  client_streaming: (client) => clientStreaming(client, REQUEST_SIZES),
  async client_compressed_streaming() {
    const packing = compressing();
    await clientStreaming(packing, [27182, 45904], { value: true });
    packing.close();
  },
  server_streaming: (client) => serverStreaming(client, {}),
  server_compressed_streaming: (client) => serverStreaming(client, { compressed: { value: true } }),
  async ping_pong(client) {
    const call = client.FullDuplexCall(limit());
    const read = reader(call);
    for (const [index, size] of RESPONSE_SIZES.entries()) {
      call.write(outputRequest(size, REQUEST_SIZES[index]));
      assert.equal((await read()).payload.body.length, size);
    }
    call.end();
    assert.equal(await read(), null);
  },
  async empty_stream(client) {
    const call = client.FullDuplexCall(limit());
    call.end();
    assert.equal(await reader(call)(), null);
  },
  async cancel_after_begin(client) {
    let call;
    const answer = new Promise((resolve, reject) => {
      call = client.StreamingInputCall(limit(), (error, response) => (error ? reject(error) : resolve(response)));
    });
    call.cancel();
    await refused(answer, grpc.status.CANCELLED);
  },
  async cancel_after_first_response(client) {
    const call = client.FullDuplexCall(limit());
    const read = reader(call);
    call.write(outputRequest(31415, 27182));
    assert.equal((await read()).payload.body.length, 31415);
    call.cancel();
    await refused(read(), grpc.status.CANCELLED);
  },
  async timeout_on_sleeping_server(client) {
    const call = client.FullDuplexCall({ deadline: Date.now() + 1 });
    call.on('error', () => {});
    call.write(outputRequest(31415, 27182, { interval_us: 2000000 }));
    await refused(reader(call)(), grpc.status.DEADLINE_EXCEEDED);
  },
  async custom_metadata(client) {
    const metadata = new grpc.Metadata();
    metadata.set(INITIAL_KEY, 'test_initial_metadata_value');
    metadata.set(TRAILING_KEY, Buffer.from([0xab, 0xab, 0xab]));
    const right = ({ headers, trailers }) => {
      assert.deepEqual(headers.get(INITIAL_KEY), metadata.get(INITIAL_KEY));
      assert.deepEqual(trailers.get(TRAILING_KEY), metadata.get(TRAILING_KEY));
    };
    right(await single(client, 'UnaryCall', { response_size: 1, payload: payload(1) }, { metadata }));
    const call = client.FullDuplexCall(metadata, limit());
    const seen = new Promise((resolve) => {
      let headers;
      call.on('metadata', (given) => { headers = given; });
      call.on('status', (status) => resolve({ headers, trailers: status.metadata }));
    });
    call.write(outputRequest(1, 1));
    call.end();
    const read = reader(call);
    while ((await read()) !== null);
    right(await seen);
  },
  status_code_and_message: (client) => statuses(client, 'test status message'),
  special_status_message: (client) => statuses(client, SPECIAL),
  unimplemented_method: (client) => refused(single(client, 'UnimplementedCall', {}), grpc.status.UNIMPLEMENTED),
  async unimplemented_service(client) {
    const other = new UnimplementedService('unused', grpc.credentials.createInsecure(), { channelOverride: client.getChannel() });
    await refused(single(other, 'UnimplementedCall', {}), grpc.status.UNIMPLEMENTED);
  },
  async pick_first_unary(client) {
    const ids = new Set();
    for (let call = 0; call < REPEATED; call += 1) {
      const { response } = await single(client, 'UnaryCall', { response_size: 1, fill_server_id: true });
      ids.add(response.server_id);
    }
    assert.equal(ids.size, 1);
    assert.ok(!ids.has(''));
  },
  async concurrent_large_unary(client) {
    await Promise.all(Array.from({ length: CONCURRENT }, () => large(client)));
  },
  async rpc_soak(client) {
    for (let call = 0; call < REPEATED; call += 1) await large(client);
  },
  async channel_soak() {
    for (let call = 0; call < REPEATED; call += 1) {
      const fresh = connect({ 'grpc.use_local_subchannel_pool': 1 });
      await large(fresh);
      fresh.close();
    }
  },
};

async function call() {
  const client = connect();
  for (const name of flags.test_case.split(',')) {
    let outcome = 'ok';
    try {
      await cases[name](client);
    } catch (error) {
      outcome = String(error.message).replace(/\s+/g, ' ');
    }
    console.log(`${name}: ${outcome}`);
  }
  client.close();
}

if (process.argv[2] === 'server') serve();
else call();
