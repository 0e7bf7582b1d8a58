namespace Totem.Sheepdog;

/// <summary>The outcome of a request to a driver. The values are sheep's.</summary>
public enum ClusterResult
{
    /// <summary>On its way; the result comes as an event (SD_RES_SUCCESS).</summary>
    Success = 0x00,

    /// <summary>This driver cannot do that (SD_RES_NO_SUPPORT).</summary>
    NotSupported = 0x8B,

    /// <summary>Not sent: no session, or more is waiting than the driver keeps (SD_RES_CLUSTER_ERROR).</summary>
    ClusterError = 0x91,
}
