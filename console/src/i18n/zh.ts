// 简体中文。

import type { Words } from './index';

export const zh: Words = {
  product: 'DCS 控制台',
  skip: '跳到正文',
  signIn: '登录',
};
