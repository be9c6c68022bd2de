// DuckDB behind a pipe: node duckdb.mjs NODE_MODULES DATABASE reads requests, a line of JSON each, and answers in kind.
//
//   {"sql": TEXT}      rows: all rows of the answer
//   {"raw": TEXT}      rows: [number of rows, sum of the numbers], as texts; looks at each value of all three columns
//   {"append": ROWS}   inserts each row by itself, acknowledged
import {createRequire} from 'node:module';
import {createInterface} from 'node:readline';

const [nodeModules, database] = process.argv.slice(2);
const {DuckDBInstance} = createRequire(nodeModules + '/')('@duckdb/node-api');
const instance = await DuckDBInstance.create(database, {threads: '1'});
const connection = await instance.connect();

const plain = (value) => typeof value === 'bigint' ? Number(value) : value;

async function sumRaw(text) {
  const result = await connection.run(text);
  let count = 0, times = 0n, others = 0;
  for (let chunk; (chunk = await result.fetchChunk()) && chunk.rowCount > 0;) {
    const time = chunk.getColumnVector(0), state = chunk.getColumnVector(1), latency = chunk.getColumnVector(2);
    for (let i = 0; i < chunk.rowCount; ++i) {
      ++count;
      times += time.getItem(i);
      others += state.getItem(i) + (latency.getItem(i) ?? 0);
    }
  }
  return [count, times, others].map(String);
}

async function append(rows) {
  const insert = await connection.prepare('INSERT INTO checks VALUES (?, ?, ?, ?, ?, ?, ?)');
  for (const [server, time, state, latency, code, error, detail] of rows) {
    insert.bindInteger(1, server);
    insert.bindBigInt(2, BigInt(time));
    insert.bindTinyInt(3, state);
    insert.bindInteger(4, latency);
    insert.bindSmallInt(5, code);
    insert.bindUTinyInt(6, error);
    insert.bindVarchar(7, detail);
    await insert.run();
  }
  return [];
}

for await (const line of createInterface({input: process.stdin})) {
  const request = JSON.parse(line);
  let answer;
  try {
    if (request.raw) answer = {rows: await sumRaw(request.raw)};
    else if (request.append) answer = {rows: await append(request.append)};
    else answer = {rows: (await (await connection.run(request.sql)).getRows()).map((row) => row.map(plain))};
  } catch (error) {
    answer = {error: String(error)};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
connection.closeSync();
instance.closeSync();
