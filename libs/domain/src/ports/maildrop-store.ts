export abstract class MaildropStore {}
