export {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthListRequest,
  HealthListResponse,
  healthContract,
  healthFile,
  ServingStatus,
} from "./health.ts";
