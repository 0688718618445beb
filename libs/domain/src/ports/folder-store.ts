export abstract class FolderStore {}
