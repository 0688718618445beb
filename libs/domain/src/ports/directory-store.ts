export abstract class DirectoryStore {}
