/** Where a server hands out the site, the pages that have the models in the browser. */
export const siteAddress = '/browser/';

/** The attribute of the site's `<html>` in which the server that hands it out says where its own pages are; a static host says nothing. */
export const serverAttribute = 'data-server';
