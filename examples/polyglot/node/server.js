// The Greeter in Node.js.
'use strict';

const { Greeter, grpc, port } = require('./polyglot');

const hello = (name) => ({ text: `Hello, ${name}!` });

const greeter = {
  Greet(call, callback) {
    const [caller] = call.metadata.get('caller');
    const metadata = new grpc.Metadata();
    if (!call.request.name) {
      metadata.set('refused', caller);
      callback({ code: grpc.status.INVALID_ARGUMENT, details: 'a name is needed', metadata });
      return;
    }
    metadata.set('served-by', `node for ${caller}`);
    call.sendMetadata(metadata);
    callback(null, hello(call.request.name));
  },
  GreetOften(call) {
    const { name, times } = call.request;
    for (let number = 1; number <= times; number += 1) call.write(hello(`${name}, ${number}`));
    call.end();
  },
  GreetAll(call, callback) {
    const names = [];
    call.on('data', (person) => names.push(person.name));
    call.on('end', () => callback(null, hello(names.join(' and '))));
  },
  Chat(call) {
    call.on('data', (person) => call.write(hello(person.name)));
    call.on('end', () => call.end());
  },
};

const server = new grpc.Server();
server.addService(Greeter.service, greeter);
server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) => {
  if (error) throw error;
  console.log(`Server started, listening on ${bound}`);
});
