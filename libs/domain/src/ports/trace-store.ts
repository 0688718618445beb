export abstract class TraceStore {}
