namespace Totem.Core.Groups;

/// <summary>
/// Barriers and service builds (WIRE §13.1). In a service build of ours the two last entries of the list, which nobody
/// reads because the count says so and which corosync leaves 0, say that it is ours.
/// </summary>
internal static class SyncMessage
{
    /// <summary>"TOTM".</summary>
    private const uint OurMark = 0x4D54_4F54;

    /// <summary>Which short encoding we speak. Members with another one use corosync's.</summary>
    private const uint OurEncoding = 1;

    private const int MarkOffset = ServiceFormat.ServiceListOffset + 4 * (ServiceFormat.ServiceListMax - 2);

    public static byte[] Barrier(RingId ring)
    {
        var message = new byte[ServiceFormat.BarrierBytes];
        ServiceFormat.PutHeader(message, ServiceFormat.BarrierId, message.Length);
        ServiceFormat.PutRing(message, ServiceFormat.SyncRingOffset, ring);
        return message;
    }

    public static byte[] ServiceBuild(RingId ring, ReadOnlySpan<int> services, bool isOurs)
    {
        var message = new byte[ServiceFormat.ServiceBuildBytes];
        ServiceFormat.PutHeader(message, ServiceFormat.ServiceBuildId, message.Length);
        ServiceFormat.PutRing(message, ServiceFormat.SyncRingOffset, ring);
        ServiceFormat.PutU32(message, ServiceFormat.ServiceCountOffset, (uint)services.Length);
        for (var i = 0; i < services.Length; i++)
            ServiceFormat.PutU32(message, ServiceFormat.ServiceListOffset + 4 * i, (uint)services[i]);
        if (isOurs)
        {
            ServiceFormat.PutU32(message, MarkOffset, OurMark);
            ServiceFormat.PutU32(message, MarkOffset + 4, OurEncoding);
        }

        return message;
    }

    public static bool IsBarrier(ReadOnlySpan<byte> message) =>
        message.Length >= ServiceFormat.BarrierBytes
            && ServiceFormat.I32(message, ServiceFormat.IdOffset) == ServiceFormat.BarrierId;

    public static bool IsServiceBuild(ReadOnlySpan<byte> message) =>
        message.Length >= ServiceFormat.ServiceBuildBytes
        && ServiceFormat.I32(message, ServiceFormat.IdOffset) == ServiceFormat.ServiceBuildId
        && ServiceFormat.U32(message, ServiceFormat.ServiceCountOffset) <= ServiceFormat.ServiceListMax;

    public static RingId Ring(ReadOnlySpan<byte> message) => ServiceFormat.Ring(message, ServiceFormat.SyncRingOffset);

    public static int[] Services(ReadOnlySpan<byte> serviceBuild)
    {
        var services = new int[ServiceFormat.I32(serviceBuild, ServiceFormat.ServiceCountOffset)];
        for (var i = 0; i < services.Length; i++)
            services[i] = ServiceFormat.I32(serviceBuild, ServiceFormat.ServiceListOffset + 4 * i);
        return services;
    }

    public static bool IsOurs(ReadOnlySpan<byte> serviceBuild) =>
        ServiceFormat.U32(serviceBuild, ServiceFormat.ServiceCountOffset) <= ServiceFormat.ServiceListMax - 2
        && ServiceFormat.U32(serviceBuild, MarkOffset) == OurMark
        && ServiceFormat.U32(serviceBuild, MarkOffset + 4) == OurEncoding;
}
