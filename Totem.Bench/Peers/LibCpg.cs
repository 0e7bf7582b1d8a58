using System.Runtime.InteropServices;

namespace Totem.Bench.Peers;

/// <summary>corosync's client libraries, as far as the bench calls them (<c>corosync/cpg.h</c>,
/// <c>corosync/cmap.h</c>).</summary>
internal static unsafe partial class LibCpg
{
    /// <summary>The library of process groups.</summary>
    public const string Library = "libcpg.so.4";

    /// <summary>CS_OK.</summary>
    public const int Ok = 1;

    /// <summary>CS_ERR_TRY_AGAIN: the queue is full, or the daemon is busy with a membership.</summary>
    public const int TryAgain = 6;

    /// <summary>CPG_TYPE_AGREED; corosync does not implement CPG_TYPE_SAFE.</summary>
    public const int Agreed = 2;

    /// <summary>CS_DISPATCH_BLOCKING: calls back until the end.</summary>
    public const int DispatchBlocking = 3;

    /// <summary>CMAP_MAP_STATS.</summary>
    public const int StatisticsMap = 1;

    private const string CmapLibrary = "libcmap.so.4";
    private const int NameBytesMax = 128;

    /// <summary><c>struct cpg_name</c>.</summary>
    public struct Name
    {
        public uint Length;
        public fixed byte Value[NameBytesMax];

        /// <summary>A short name in ASCII.</summary>
        public static Name Of(string text)
        {
            var name = new Name { Length = (uint)text.Length };
            for (var i = 0; i < text.Length; i++)
                name.Value[i] = (byte)text[i];
            return name;
        }
    }

    /// <summary><c>cpg_callbacks_t</c>.</summary>
    public struct Callbacks
    {
        public delegate* unmanaged<ulong, Name*, uint, uint, byte*, nuint, void> Deliver;
        public delegate* unmanaged<ulong, Name*, void*, nuint, void*, nuint, void*, nuint, void> Change;
    }

    /// <summary><c>struct iovec</c>.</summary>
    public struct Vector
    {
        public byte* Base;
        public nuint Length;
    }

    [LibraryImport(Library, EntryPoint = "cpg_initialize")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Initialize(out ulong handle, in Callbacks callbacks);

    [LibraryImport(Library, EntryPoint = "cpg_local_get")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int GetLocal(ulong handle, out uint node);

    [LibraryImport(Library, EntryPoint = "cpg_join")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Join(ulong handle, in Name group);

    [LibraryImport(Library, EntryPoint = "cpg_dispatch")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Dispatch(ulong handle, int types);

    [LibraryImport(Library, EntryPoint = "cpg_mcast_joined")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Multicast(ulong handle, int guarantee, Vector* vectors, uint count);

    [LibraryImport(CmapLibrary, EntryPoint = "cmap_initialize_map")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int InitializeMap(out ulong handle, int map);

    [LibraryImport(CmapLibrary, EntryPoint = "cmap_get_uint64", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int GetUInt64(ulong handle, string key, out ulong value);
}
