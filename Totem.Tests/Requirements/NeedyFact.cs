using System.ComponentModel;
using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Totem.Tests.Requirements;

/// <summary>A test in a base class: whether it is skipped depends on what the class that inherits it needs
/// (<see cref="NeedsAttribute"/>).</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Totem.Tests.Requirements.NeedyFactDiscoverer", "Totem.Tests")]
internal sealed class NeedyFactAttribute : FactAttribute;

/// <summary>Made by xunit, by its name.</summary>
public sealed class NeedyFactDiscoverer(IMessageSink diagnostics) : FactDiscoverer(diagnostics)
{
    protected override IXunitTestCase CreateTestCase(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute)
    {
        ArgumentNullException.ThrowIfNull(discoveryOptions);
        return new NeedyTestCase(
            DiagnosticMessageSink, discoveryOptions.MethodDisplayOrDefault(),
            discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod);
    }
}

/// <summary>Knows the class that the test runs in.</summary>
public sealed class NeedyTestCase : XunitTestCase
{
    /// <summary>For xunit, which fills it in.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    [Obsolete("For deserialisation only.")]
    public NeedyTestCase()
    {
    }

    public NeedyTestCase(IMessageSink diagnostics, TestMethodDisplay display, TestMethodDisplayOptions displayOptions,
        ITestMethod method)
        : base(diagnostics, display, displayOptions, method)
    {
    }

    protected override string GetSkipReason(IAttributeInfo factAttribute) =>
        Requirement.SkipUnless(TestMethod.TestClass.Class.ToRuntimeType().GetCustomAttribute<NeedsAttribute>()?.Missing)
        ?? base.GetSkipReason(factAttribute);
}
