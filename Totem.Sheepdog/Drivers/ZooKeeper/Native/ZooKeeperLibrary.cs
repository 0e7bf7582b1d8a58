using System.Runtime.InteropServices;

namespace Totem.Sheepdog.Drivers.ZooKeeper.Native;

/// <summary>
/// The official client library, as much of it as the driver uses: the asynchronous calls. Loaded when the first driver
/// connects, so that programs run where it is not installed.
/// </summary>
internal static unsafe partial class ZooKeeperLibrary
{
    private const string Name = "libzookeeper_mt.so.2";
    private const string Package = "libzookeeper-mt2";

    private static readonly Lazy<nint> OpenToAll = new(Load, LazyThreadSafetyMode.PublicationOnly);

    /// <summary>The library's own list of rights: everybody may do everything.</summary>
    public static nint OpenAccess => OpenToAll.Value;

    /// <exception cref="ClusterDriverException">The package is not installed.</exception>
    public static void Require() => _ = OpenToAll.Value;

    [LibraryImport(
        Name, EntryPoint = "zookeeper_init", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial nint Init(
        string hosts,
        delegate* unmanaged<nint, int, int, byte*, nint, void> watcher,
        int timeout,
        nint id,
        nint context,
        int flags);

    /// <summary>How often the names of the servers are looked up while it is connected; -1: not at
    /// all, only when it connects.</summary>
    [LibraryImport(Name, EntryPoint = "zoo_set_servers_resolution_delay")]
    public static partial int SetResolutionDelay(nint handle, int milliseconds);

    /// <summary>Ends the session, and calls what has not been answered; nothing calls afterwards.
    /// Never from one of its callbacks.</summary>
    [LibraryImport(Name, EntryPoint = "zookeeper_close")]
    public static partial int Close(nint handle);

    [LibraryImport(Name, EntryPoint = "zoo_client_id")]
    public static partial ZooKeeperClientId* ClientId(nint handle);

    [LibraryImport(Name, EntryPoint = "zoo_recv_timeout")]
    public static partial int Timeout(nint handle);

    [LibraryImport(Name, EntryPoint = "zookeeper_get_connected_host")]
    public static partial nint ConnectedHost(nint handle, byte* address, int* length);

    [LibraryImport(Name, EntryPoint = "zoo_aget", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Get(
        nint handle, string path, int watch, delegate* unmanaged<int, byte*, int, ZooKeeperStat*, nint,
        void> completion, nint context);

    [LibraryImport(Name, EntryPoint = "zoo_aexists", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Exists(
        nint handle, string path, int watch, delegate* unmanaged<int, ZooKeeperStat*, nint, void> completion,
        nint context);

    [LibraryImport(Name, EntryPoint = "zoo_aget_children", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Children(
        nint handle, string path, int watch, delegate* unmanaged<int, ZooKeeperStrings*, nint, void> completion,
        nint context);

    [LibraryImport(Name, EntryPoint = "zoo_async", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Sync(
        nint handle, string path, delegate* unmanaged<int, byte*, nint, void> completion, nint context);

    /// <summary>Serialises at once; only the results must stay until the completion.</summary>
    [LibraryImport(Name, EntryPoint = "zoo_amulti")]
    public static partial int Multi(
        nint handle,
        int count,
        ZooKeeperOp* ops,
        ZooKeeperOpResult* results,
        delegate* unmanaged<int, nint, void> completion,
        nint context);

    [LibraryImport(Name, EntryPoint = "zoo_create_op_init")]
    public static partial void InitCreate(
        ZooKeeperOp* op, byte* path, byte* data, int dataLength, nint access, int mode, byte* created,
        int createdLength);

    [LibraryImport(Name, EntryPoint = "zoo_delete_op_init")]
    public static partial void InitDelete(ZooKeeperOp* op, byte* path, int version);

    [LibraryImport(Name, EntryPoint = "zoo_set_op_init")]
    public static partial void InitSet(
        ZooKeeperOp* op, byte* path, byte* data, int dataLength, int version, ZooKeeperStat* stat);

    [LibraryImport(Name, EntryPoint = "zoo_set_debug_level")]
    private static partial void SetLogLevel(int level);

    private static nint Load()
    {
        try
        {
            // It writes to stderr, which belongs to the program; what matters comes as a code. 0 is none.
            SetLogLevel(0);
            return NativeLibrary.GetExport(
                NativeLibrary.Load(Name, typeof(ZooKeeperLibrary).Assembly, null), "ZOO_OPEN_ACL_UNSAFE");
        }
        catch (Exception failure) when (failure is DllNotFoundException or EntryPointNotFoundException)
        {
            throw new ClusterDriverException($"the driver zookeeper needs {Name}; install the package "
                + $"{Package}", failure);
        }
    }
}
