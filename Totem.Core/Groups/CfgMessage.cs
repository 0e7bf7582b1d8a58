namespace Totem.Core.Groups;

/// <summary>The one message of corosync's cfg service that asks for something (WIRE §14.6).</summary>
internal static class CfgMessage
{
    public static bool TryReadKill(ReadOnlySpan<byte> message, out ProcessorId victim, out ReadOnlySpan<byte> reason)
    {
        victim = default;
        reason = default;
        if (message.Length < ServiceFormat.KillBytes || ServiceFormat.I32(message, ServiceFormat.IdOffset) != ServiceFormat.KillId)
            return false;
        victim = new ProcessorId(ServiceFormat.U32(message, ServiceFormat.KillNodeOffset));
        var length = Math.Min((int)(ushort)ServiceFormat.U32(message, ServiceFormat.KillReasonLengthOffset), ServiceFormat.KillReasonMax);
        reason = message.Slice(ServiceFormat.KillReasonOffset, length);
        return true;
    }
}
