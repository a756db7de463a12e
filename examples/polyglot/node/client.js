// Calls the Greeter from Node.js, in all four ways.
'use strict';

const { once } = require('node:events');
const { Greeter, grpc, port } = require('./polyglot');

// Milliseconds for a call.
const TIMEOUT = 10000;

const names = ['Ada', 'Grace', 'Mary'];
const limit = () => ({ deadline: Date.now() + TIMEOUT });

async function all(call) {
  const texts = [];
  for await (const greeting of call) texts.push(greeting.text);
  return texts.join(' ');
}

async function main() {
  const stub = new Greeter(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const caller = new grpc.Metadata();
  caller.set('caller', 'node');

  let call;
  const greeting = await new Promise((resolve, reject) => {
    call = stub.Greet({ name: 'Ada' }, caller, limit(), (error, value) => (error ? reject(error) : resolve(value)));
    call.on('metadata', (headers) => { call.headers = headers; });
  });
  console.log(`unary: ${greeting.text}`);
  console.log(`metadata: ${call.headers.get('served-by')}`);

  console.log(`server streaming: ${await all(stub.GreetOften({ name: 'Ada', times: 3 }, limit()))}`);

  const together = await new Promise((resolve, reject) => {
    call = stub.GreetAll(limit(), (error, value) => (error ? reject(error) : resolve(value)));
    for (const name of names) call.write({ name });
    call.end();
  });
  console.log(`client streaming: ${together.text}`);

  const chat = stub.Chat(limit());
  for (const name of names) chat.write({ name });
  chat.end();
  console.log(`both streaming: ${await all(chat)}`);

  const [error] = await once(stub.Greet({ name: '' }, caller, limit(), () => {}), 'status');
  console.log(`error: ${error.code}, ${error.details}, to ${error.metadata.get('refused')}`);
  stub.close();
}

main();
