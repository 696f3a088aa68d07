import { fileDescriptorOf } from "@micro/core/descriptor";
import { expect, test } from "vitest";
import { healthContract, healthFile } from "./health.ts";

test("the contract says what grpc/health/v1/health.proto says", () => {
  const { name, package: own, messageType, service } = fileDescriptorOf(healthFile, [healthContract]);
  expect([name, own]).toEqual(["grpc/health/v1/health.proto", "grpc.health.v1"]);
  const fields = messageType.map((message) => [
    message.name,
    message.field.map((field) => `${field.name} ${field.number}`),
  ]);
  expect(Object.fromEntries(fields)).toEqual({
    HealthCheckRequest: ["service 1"],
    HealthCheckResponse: ["status 1"],
    HealthListRequest: [],
    HealthListResponse: ["statuses 1"],
  });
  const response = messageType.find((message) => message.name === "HealthCheckResponse");
  expect(response?.enumType[0]?.value.map((value) => [value.name, value.number])).toEqual([
    ["UNKNOWN", 0],
    ["SERVING", 1],
    ["NOT_SERVING", 2],
    ["SERVICE_UNKNOWN", 3],
  ]);
  const types = ".grpc.health.v1.HealthCheckRe";
  expect(service).toMatchObject([
    {
      name: "Health",
      method: [
        { name: "Check", inputType: `${types}quest`, outputType: `${types}sponse` },
        { name: "List" },
        { name: "Watch", inputType: `${types}quest`, outputType: `${types}sponse`, serverStreaming: true },
      ],
    },
  ]);
});
