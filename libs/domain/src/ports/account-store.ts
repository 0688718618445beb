export abstract class AccountStore {}
