using System.Runtime.Versioning;

// Unix sockets with a mode, signals, namespaces.
[assembly: SupportedOSPlatform("linux")]
