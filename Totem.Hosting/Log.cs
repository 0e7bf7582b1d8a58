using Microsoft.Extensions.Logging;

namespace Totem.Hosting;

/// <summary>The log lines of this library. The node has its own.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Critical, Message = "{Text}: {Follows}")]
    public static partial void Failed(ILogger logger, Exception failure, string text, string follows);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "{Member} is in group {Group}")]
    public static partial void Joined(ILogger logger, GroupMember member, GroupName group);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "a callback on the loss of the majority failed")]
    public static partial void CallbackFailed(ILogger logger, Exception failure);
}
