// The service, from the .proto file as it stands, and the port of the command line.
'use strict';

const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const file = path.join(__dirname, '..', 'polyglot.proto');
const { Greeter } = grpc.loadPackageDefinition(loader.loadSync(file)).polyglot;

const given = process.argv.find((argument) => argument.startsWith('--port='));
const port = given ? Number(given.slice('--port='.length)) : 50051;

module.exports = { Greeter, grpc, port };
