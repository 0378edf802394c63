pub(super) struct Folder;
