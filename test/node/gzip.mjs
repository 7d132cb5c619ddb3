// Compression without name and time, so that equal content gives equal files.
import { gzipSync, gunzipSync, constants } from 'node:zlib';

export const gzip = (bytes) => gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
export const gunzip = (bytes) => new Uint8Array(gunzipSync(bytes));
