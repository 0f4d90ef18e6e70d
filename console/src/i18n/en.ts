// English. Texts with figures are functions, so that each language orders them its own way.

export const en = {
  product: 'DCS Console',
  skip: 'Skip to content',
  signIn: 'Sign in',
};
