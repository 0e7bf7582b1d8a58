using Xunit;

namespace Totem.Tests.Requirements;

/// <summary>A test with real corosync daemons and clients of libcpg, each in a network namespace.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CorosyncFactAttribute : FactAttribute
{
    public CorosyncFactAttribute() => Skip = CorosyncTheoryAttribute.Missing();
}

/// <summary>A test with one real daemon in namespaces of its own, and no client in C.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CorosyncDaemonFactAttribute : FactAttribute
{
    public CorosyncDaemonFactAttribute() => Skip = Requirement.SkipUnless(
        Requirement.Linux(), Requirement.Root(), Requirement.Command("corosync", "corosync"),
        Requirement.Command("unshare", "util-linux"),
        Requirement.Command("ip", "iproute2"));
}

/// <summary>The same, once per row of data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CorosyncTheoryAttribute : TheoryAttribute
{
    public CorosyncTheoryAttribute() => Skip = Missing();

    internal static string? Missing() => NamespaceTheoryAttribute.Missing() ?? Requirement.SkipUnless(
        Requirement.Command("corosync", "corosync"),
        Requirement.Command("nsenter", "util-linux"),
        Requirement.Command("gcc", "gcc"),
        Requirement.Installed("/usr/include/stdio.h", "libc6-dev"),
        Requirement.Installed("/usr/include/corosync/cpg.h", "libcpg-dev"));
}
