/** The forms of accounts: what may be sent, and how it is brought to one spelling. */
import Joi from "joi";

/** Also what the command line uses, so that an address has one spelling wherever it comes from. */
export const emailSchema = Joi.string()
  .trim()
  .lowercase()
  .max(254)
  .email({ tlds: false })
  .prefs({ convert: true })
  .description("trimmed and lower-cased");

const printable = (schema: Joi.StringSchema) =>
  // The stock message would repeat the value, which may be a password.
  schema
    .pattern(/^[^\p{Cc}]*$/u, "printable")
    .messages({ "string.pattern.name": "{{#label}} must not contain control characters" });

export const nameSchema = printable(Joi.string().normalize("NFC").trim().min(1).max(100)).prefs({
  convert: true,
});
export const newPasswordSchema = printable(Joi.string().min(8).max(128));
export const roleSchema = Joi.string().valid("fan", "gate", "operator");

export const signupBody = Joi.object({
  email: emailSchema.required(),
  password: newPasswordSchema.required(),
  name: nameSchema.required(),
}).required();

export const loginBody = Joi.object({
  email: emailSchema.required(),
  // The rules for new passwords don't apply: whatever breaks them is simply wrong. Hashing needs a bound, though.
  password: Joi.string().min(1).max(128).required(),
  otp: Joi.string()
    .pattern(/^[0-9A-Za-z]{1,16}$/, "one-time code")
    .description("The one-time code, for accounts that enrolled a second factor; ignored for others."),
}).required();

const user = Joi.object({
  id: Joi.string().uuid().required(),
  email: Joi.string().required(),
  name: Joi.string().required(),
  role: roleSchema.required(),
});

const accessToken = Joi.string().required().description("JWT for `Authorization: Bearer`");
const expiresInSeconds = Joi.number().integer().required().description("How long the access token is good");

export const userView = user;
export const tokenView = Joi.object({ accessToken, expiresInSeconds });
export const loginView = Joi.object({ user: user.required(), accessToken, expiresInSeconds });
