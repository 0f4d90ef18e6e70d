// What a request may be refused with: the contract's status, code and message.

export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const refusals = (table) => Object.fromEntries(
  Object.entries(table).map(([name, [status, code, message]]) => [name, () => new Refusal(status, code, message)]));

export const refuse = {
  ...refusals({
    project: [400, 'DCS.4002', 'Invalid project ID format.'],
    notRunning: [400, 'DCS.4049', 'The instance status is not running.'],
    instance: [400, 'DCS.4061', 'Invalid instance ID format.'],
    task: [400, 'DCS.4070', 'Invalid task ID format.'],
    parameter: [400, 'DCS.4800', 'Invalid parameter in the request.'],
    reused: [400, 'DCS.4800', 'Invalid Idempotency-Key in the request: it was used for another request.'],
    busy: [400, 'DCS.4918', 'Instance bigkey analyze is running.'],
    unsupported: [400, 'DCS.4919', 'Does not support bigkey analyze.'],
    unknownTask: [400, 'DCS.4942', 'The bigkey id does not exist.'],
    forbidden: [403, 'DCS.2003', 'This role does not have the permission to perform this operation.'],
    unknownInstance: [404, 'DCS.3022', 'This DCS instance does not exist.'],
    unknownPath: [404, 'DCS.4001', 'The requested URL does not exist.'],
    tooLarge: [413, 'APIGW.0201', 'Request entity too large.'],
    internal: [500, 'DCS.5000', 'Internal service error.'],
    unavailable: [503, 'DCS.5000', 'Internal service error.'],
  }),
  unauthenticated: (why) => new Refusal(401, 'APIGW.0301', `Incorrect IAM authentication information: ${why}`),
};

export function bodyOf(refusal, requestId) {
  const body = { error_code: refusal.code, error_msg: refusal.message };
  if (refusal.code.startsWith('APIGW.')) body.request_id = requestId;
  return JSON.stringify(body);
}
