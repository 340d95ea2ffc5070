/** Version of this command, as results quote it. */
export const VERSION = '0.1.0';
