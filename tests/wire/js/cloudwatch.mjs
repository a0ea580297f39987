// Sends, lists and reads metrics with the AWS SDK for JavaScript; prints what came back as JSON.
//   node cloudwatch.mjs ENDPOINT PROTOCOL NAMESPACE      (PROTOCOL: default, cbor, query or json)
import {
  CloudWatchClient,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";
import { AwsJson1_0Protocol, AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } from "@aws-sdk/core/protocols";

const [endpoint, wanted, namespace] = process.argv.slice(2);
const protocol = { cbor: AwsSmithyRpcV2CborProtocol, query: AwsQueryProtocol, json: AwsJson1_0Protocol }[wanted];
const client = new CloudWatchClient({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  maxAttempts: 1,
  ...(protocol && { protocol }),
});
const seen = new Set();
client.middlewareStack.add(
  (next) => (args) => {
    seen.add(args.request.headers["content-type"]);
    return next(args);
  },
  { step: "finalizeRequest", name: "seen" },
);

const start = new Date(Math.floor(Date.now() / 3600e3) * 3600e3 - 3600e3);
const at = (minutes) => new Date(start.getTime() + minutes * 60e3);
const Dimensions = [{ Name: "service", Value: "a & <b>" }];
const metric = { Namespace: namespace, MetricName: "latency", Dimensions };
await client.send(
  new PutMetricDataCommand({
    Namespace: namespace,
    MetricData: [
      { MetricName: "latency", Dimensions, Timestamp: at(0), Value: 1.5, Unit: "Seconds" },
      { MetricName: "latency", Dimensions, Timestamp: at(1), Values: [2, 4], Counts: [3, 1], Unit: "Seconds" },
      {
        MetricName: "latency",
        Dimensions,
        Timestamp: at(5),
        StatisticValues: { SampleCount: 2, Sum: 30, Minimum: 10, Maximum: 20 },
        Unit: "Seconds",
      },
    ],
  }),
);
const listed = await client.send(new ListMetricsCommand({ Namespace: namespace }));
const window = { StartTime: start, EndTime: at(10) };
const data = await client.send(
  new GetMetricDataCommand({
    ...window,
    ScanBy: "TimestampAscending",
    MetricDataQueries: ["Sum", "Maximum"].map((Stat, number) => ({
      Id: `m${number}`,
      MetricStat: { Metric: metric, Period: 300, Stat },
    })),
  }),
);
const statistics = await client.send(
  new GetMetricStatisticsCommand({ ...metric, ...window, Period: 300, Statistics: ["Average", "SampleCount"] }),
);
let error;
try {
  await client.send(new PutMetricDataCommand({ Namespace: namespace, MetricData: [{ MetricName: "m", Value: 1e300 }] }));
} catch (problem) {
  error = { name: problem.name, status: problem.$metadata?.httpStatusCode, message: problem.message };
}
console.log(
  JSON.stringify({
    contentTypes: [...seen],
    listed: listed.Metrics,
    data: data.MetricDataResults.map((one) => ({
      id: one.Id,
      minutes: one.Timestamps.map((time) => (time - start) / 60e3),
      values: one.Values,
    })),
    statistics: statistics.Datapoints.sort((a, b) => a.Timestamp - b.Timestamp).map((one) => [
      (one.Timestamp - start) / 60e3,
      one.Average,
      one.SampleCount,
      one.Unit,
    ]),
    error,
  }),
);
